import resource

resource.prlimit(@NEIGHBOUR@, resource.RLIMIT_NOFILE, (0, 0))

"""The parts of the sandbox's checks that also work at home."""

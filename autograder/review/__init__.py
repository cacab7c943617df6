"""Written answers: a person reads them and gives points, which are stored next to the results and survive a regrade."""

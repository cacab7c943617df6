"""Written answers: a person reads them and gives points, which are kept beside the results and survive a regrade."""

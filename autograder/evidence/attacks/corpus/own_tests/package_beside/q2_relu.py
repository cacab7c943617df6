# The answer is in the package.

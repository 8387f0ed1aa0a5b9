"""What is wrong with an installation and its surroundings, and how to mend it; see `akrun doctor`."""

"""`akrun top`: what is being sent now, by whom, how fast, and what fails."""

"""What is told of a running process to those who look after it: metrics and spans."""

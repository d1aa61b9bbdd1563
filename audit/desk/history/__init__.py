"""One user through time, and everybody at one moment."""

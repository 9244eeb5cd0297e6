"""Things that can be done to what is kept: each is one transaction of the one writer."""

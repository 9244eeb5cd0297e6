"""The portal: the pages on which the people of a programme do their year's work."""

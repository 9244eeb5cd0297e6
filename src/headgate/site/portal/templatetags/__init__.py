"""What the templates of the portal can say beyond Django's own words."""

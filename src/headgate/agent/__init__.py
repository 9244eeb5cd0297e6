"""The site agent: it runs beside one cluster, calls out to the portal, and is called by nobody."""

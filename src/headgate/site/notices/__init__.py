"""Notices: what people are told in the portal, by e-mail and in their calendars."""

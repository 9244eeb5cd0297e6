"""The portal's side of the site agents: who they are, what they are handed, what they brought."""

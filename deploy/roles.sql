-- Once, as a superuser, before `headgate migrate`: who owns the tables, and who may only add rows.
CREATE ROLE headgate_owner LOGIN;
CREATE ROLE headgate_site LOGIN;
CREATE DATABASE headgate OWNER headgate_owner ENCODING 'UTF8' TEMPLATE template0;

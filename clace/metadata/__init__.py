"""The apps, their versions and their files, kept in a database."""

"""Small trained layers inside or beside frozen ones."""

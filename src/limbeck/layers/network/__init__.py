"""Small networks that parts are made of."""

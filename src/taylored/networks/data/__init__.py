"""Tables as numbers: named and categorical columns, responses and classes, and the way back."""

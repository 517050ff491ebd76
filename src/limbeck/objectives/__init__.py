"""What is minimised: named tensors in, a loss a row out."""

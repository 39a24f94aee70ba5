"""What comes in and goes out: containers, targets, transformers."""

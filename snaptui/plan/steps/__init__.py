"""What plans are made of, and what each step must have changed."""

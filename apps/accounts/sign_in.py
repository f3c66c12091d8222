"""What happens around signing in and out."""

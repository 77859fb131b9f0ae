"""What is known of a clip, put beside a text: whom it speaks of, and whom a question means."""

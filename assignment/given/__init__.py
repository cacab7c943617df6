"""What the course gives: images, training, pictures, the scoreboard. You have nothing to write here."""

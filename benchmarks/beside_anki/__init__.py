"""Side by side with Anki's own core: the same notes, reviews, folder and durability, in turns."""

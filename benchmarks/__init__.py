"""The speed table: each piece of work beside its limit or a peer, in the same run."""

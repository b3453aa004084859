"""How fast the portal is on this machine, beside the least that any portal would have to do: `make bench`."""

"""App hosts seen from the daemon: started, spoken to, limited, published and retired."""

"""Where logs, documents, audit and facts are kept: one module per database, all to the rules of `ports.Store`."""

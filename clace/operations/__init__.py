"""Operations of an operator. Each fetches, audits and loads before it changes anything."""

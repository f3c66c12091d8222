"""Operations: what starts, watches and stops the processes of an instance."""

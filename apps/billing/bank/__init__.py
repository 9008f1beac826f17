"""Files for online banking: sheets, ISO 20022 pain.001, and their results (pain.002 or a sheet)."""

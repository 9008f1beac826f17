"""Reading what hangs on tickets: `holding` what holds one back, `papers` its cards, `replies` words, `people` mentions."""

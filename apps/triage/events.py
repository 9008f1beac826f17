"""What triage tells the journal. The subject is the row; `data` holds `version` and the changed fields, old and new."""

CATEGORY_ADDED = "category.added"
CATEGORY_CHANGED = "category.changed"
KEYWORD_ADDED = "keyword.added"
KEYWORD_CHANGED = "keyword.changed"
WEIGHT_ADDED = "score_weight.added"
WEIGHT_CHANGED = "score_weight.changed"
RULE_ADDED = "routing_rule.added"
RULE_CHANGED = "routing_rule.changed"
DEFAULTS_LOADED = "library.defaults_loaded"  # subject: the library version

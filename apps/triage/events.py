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
MODEL_TRAINED = "model.trained"  # subject: the model version; data: question, figures in short, how it compared
MODEL_ACTIVATED = "model.activated"  # data: version of the library, number, question, the version that worked before
MODEL_DEACTIVATED = "model.deactivated"
SUGGESTION_ACCEPTED = "keyword_suggestion.accepted"  # data: text, category, weight
SUGGESTION_DISMISSED = "keyword_suggestion.dismissed"
REPLAY_APPLIED = "keyword_replay.applied"  # data: how many keywords are different now
REVIEW_DUE = "library.review_due"  # subject: the review; data: month, changes
REVIEW_DONE = "library.review_done"

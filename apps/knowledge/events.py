"""Names of the events that this room sends. Stored for decades: never renamed."""

ARTICLE_WRITTEN = "article.written"  # the working text changed
ARTICLE_SUBMITTED = "article.submitted"
ARTICLE_SENT_BACK = "article.sent_back"
ARTICLE_PUBLISHED = "article.published"
ARTICLE_REVISED = "article.revised"
ARTICLE_WITHDRAWN = "article.withdrawn"
TOPIC_CHANGED = "knowledge.topic_changed"

from apps.knowledge.models.article import Article
from apps.knowledge.models.edition import Edition, Vote
from apps.knowledge.models.topic import Topic

__all__ = ["Article", "Edition", "Topic", "Vote"]

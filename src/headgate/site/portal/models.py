"""Who signs in. What they decide is not here: that is in the records, which nobody can change."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser

from headgate.site.portal.findable import Findable


class Person(AbstractUser):
    """Somebody with an account; what a person may do follows from the roles, which are groups."""

    findable = Findable(of=("username", "first_name", "last_name"))
    called = Findable(of=("first_name", "last_name"))

    class Meta(AbstractUser.Meta):
        """Where it lies."""

        db_table = "person"

    def __str__(self) -> str:
        """What others read: the name, or the account's where there is none."""
        return self.get_full_name() or self.username

    @cached_property
    def group_names(self) -> frozenset[str]:
        """The names of the groups; asked of the database once a request."""
        return frozenset(self.groups.values_list("name", flat=True))

"""The tree of entities: sites, departments, whatever a company divides its fleet by."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase

from apps.accounts.models import Profile
from apps.core.models import UUIDModel
from apps.organization.choices import (
    EntityKind,
    FieldClass,
    FieldTarget,
    FieldType,
    FilledBy,
    Matching,
    SiteType,
)
from apps.organization.querysets import (
    ClassificationRuleQuerySet,
    CustomFieldQuerySet,
    EntityQuerySet,
    SiteQuerySet,
)

NAME_LENGTH = 100
FIELD_ID_LENGTH = 60
SITE_LENGTH = 64  # as of the columns of devices


class Entity(UUIDModel):
    """One node of the tree; every device belongs to one.

    Written by `services`; the root and "Unclassified" are made after the first migration and
    never deleted.
    """

    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
    )
    name = models.CharField(
        _("name"), max_length=NAME_LENGTH, help_text=_("Name of the entity, unique beside others.")
    )
    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=EntityKind,
        default=EntityKind.ORDINARY,
        editable=False,
    )
    path = models.TextField(
        _("path"),
        unique=True,
        editable=False,
        help_text=_("Ids from the root to this entity: /1/7/."),
    )

    objects = EntityQuerySet.as_manager()

    class Meta:
        verbose_name = _("entity")
        verbose_name_plural = _("entities")
        permissions = [
            ("view_device", _("Can see the devices of an entity")),
            ("act_on_device", _("Can act on the devices of an entity")),
            ("manage_device", _("Can manage the devices of an entity")),
        ]
        indexes = [
            models.Index(
                name="organization_entity_path", fields=["path"], opclasses=["text_pattern_ops"]
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="organization_entity_name_once",
                fields=["parent", "name"],
                violation_error_message=_("There is an entity of this name at this place."),
            ),
            models.UniqueConstraint(
                name="organization_entity_built_in_once",
                fields=["kind"],
                condition=~Q(kind=EntityKind.ORDINARY),
            ),
            models.CheckConstraint(
                name="organization_entity_only_root_is_top",
                condition=Q(kind=EntityKind.ROOT, parent__isnull=True)
                | (~Q(kind=EntityKind.ROOT) & Q(parent__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """Return how many entities stand above, 0 for the root."""
        return self.path.count("/") - 2


class EntityGroupPermission(GroupObjectPermissionBase):
    """A permission that a profile's group holds on an entity and all below it.

    Written by `services.set_view_domain`; goes with its entity or group.
    """

    id = models.BigAutoField(primary_key=True)
    content_object = models.ForeignKey(
        Entity, on_delete=models.CASCADE, related_name="grants", verbose_name=_("entity")
    )

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
        verbose_name = _("view domain entry")
        verbose_name_plural = _("view domain entries")


class ViewDomain(Profile):
    """A main profile seen from the tree: what it may do where; no table of its own."""

    class Meta:
        proxy = True
        verbose_name = _("view domain")
        verbose_name_plural = _("view domains")


class ClassificationRule(UUIDModel):
    """One rule that puts devices into an entity; of those that take a device the first wins.

    Written by `services.replace_rules`, always the whole list at once.
    """

    name = models.CharField(_("name"), max_length=NAME_LENGTH, help_text=_("Name of the rule."))
    position = models.PositiveIntegerField(
        _("place"), help_text=_("Of the rules that take a device the first wins.")
    )
    entity = models.ForeignKey(
        Entity,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("entity"),
        help_text=_("Where the devices go that the rule takes."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("An inactive rule takes no device.")
    )
    matching = models.CharField(
        _("takes a device if"), max_length=8, choices=Matching, default=Matching.ALL
    )
    conditions = models.JSONField(
        _("conditions"), default=list, help_text=_("What the rule reads, and what it has to be.")
    )

    objects = ClassificationRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("classification rule")
        verbose_name_plural = _("classification rules")
        constraints = [
            models.UniqueConstraint(
                name="organization_rule_name_once",
                fields=["name"],
                deferrable=models.Deferrable.DEFERRED,  # a list is written row by row
            ),
            models.UniqueConstraint(
                name="organization_rule_position_once",
                fields=["position"],
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Site(UUIDModel):
    """One place, and how devices that are there are known; of those that take a device the first wins.

    Written by `services.replace_sites`, always the whole list at once.
    """

    name = models.CharField(_("name"), max_length=SITE_LENGTH, help_text=_("Name of the site."))
    position = models.PositiveIntegerField(
        _("place"), help_text=_("Of the sites that take a device the first wins.")
    )
    type = models.CharField(_("type"), max_length=8, choices=SiteType, default=SiteType.ONSITE)
    country = models.CharField(_("country"), max_length=SITE_LENGTH, blank=True)
    state = models.CharField(_("state"), max_length=SITE_LENGTH, blank=True)
    city = models.CharField(_("city"), max_length=SITE_LENGTH, blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("An inactive site takes no device.")
    )
    matching = models.CharField(
        _("takes a device if"), max_length=8, choices=Matching, default=Matching.ANY
    )
    conditions = models.JSONField(
        _("conditions"), default=list, help_text=_("What is read, and what it has to be.")
    )

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [
            models.UniqueConstraint(
                name="organization_site_name_once",
                fields=["name"],
                deferrable=models.Deferrable.DEFERRED,  # a list is written row by row
            ),
            models.UniqueConstraint(
                name="organization_site_position_once",
                fields=["position"],
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CustomField(UUIDModel):
    """A field that an organisation adds: its values stand in column `custom` of its target.

    Written by `services.create_field` and its like; deleted with its values. What rules fill
    `devices.ruled_fields` computes.
    """

    nql_id = models.CharField(
        _("id"),
        max_length=FIELD_ID_LENGTH,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z")],
        help_text=_("In queries it is called “#” with this id: small letters, digits and “_”."),
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH, help_text=_("What pages call it."))
    target = models.CharField(_("of"), max_length=16, choices=FieldTarget)
    type = models.CharField(_("type"), max_length=16, choices=FieldType)
    words = models.JSONField(
        _("words"),
        default=list,
        blank=True,
        help_text=_("Of a field that holds one of some words."),
    )
    personal_class = models.CharField(
        _("says about people"), max_length=16, choices=FieldClass, default=FieldClass.FREE_TEXT
    )
    filled_by = models.CharField(
        _("filled by"), max_length=16, choices=FilledBy, default=FilledBy.MANUAL
    )
    rules = models.JSONField(
        _("rules"),
        default=list,
        blank=True,
        help_text=_("Of a field that rules fill: conditions and value of each, in order."),
    )
    otherwise = models.JSONField(
        _("otherwise"), null=True, blank=True, help_text=_("Value where no rule takes.")
    )
    filled_device_id = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("How far the filling is, in the order of ids; empty once it is done."),
    )
    created_at = models.DateTimeField(_("created"))

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            models.UniqueConstraint(
                name="organization_customfield_id_once",
                fields=["target", "nql_id"],
                violation_error_message=_("There is a field of this id."),
            )
        ]

    def __str__(self) -> str:
        return self.name

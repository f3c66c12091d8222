"""What each field says about people, who may see it, and what stands in its place."""

from apps.core.personal_data.classes import (
    BEHAVIOUR,
    DIRECT,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    SECRET,
    Class,
    Classification,
    FieldClass,
    PrivacyLevel,
    appraisal,
    narrow,
    of,
)
from apps.core.personal_data.registry import register

__all__ = [
    "BEHAVIOUR",
    "DIRECT",
    "FREE_TEXT",
    "NONE",
    "PSEUDONYM",
    "SECRET",
    "Class",
    "Classification",
    "FieldClass",
    "PrivacyLevel",
    "appraisal",
    "narrow",
    "of",
    "register",
]

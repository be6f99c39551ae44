"""Which folder names denote a category, and which only contain its letters."""

import pytest

from fakeid.config.constants import LSUN_CATEGORIES, LSUN_OBJECTS, LSUN_SCENES
from fakeid.data.sources.category_names import named_categories, near_names


@pytest.mark.parametrize("category", sorted({*LSUN_CATEGORIES, *LSUN_SCENES, *LSUN_OBJECTS}))
def test_every_spelling_of_every_category(category: str) -> None:
    bare = category.replace("_", "").replace("-", "")
    camel = "".join(part.capitalize() for part in category.replace("-", "_").split("_"))
    hyphened = category.replace("_", "-")
    for name in (category, hyphened, camel, bare, bare.upper(), f"ProGAN_{camel}256", f"{bare}256x256"):
        assert named_categories(name) == (category,), name
    assert named_categories(f"karras2018iclr-lsun-{bare}-256x256") == (category,)


@pytest.mark.parametrize(
    "name", ["category", "training", "scatter", "bush", "buses", "church", "outdoor", "", "1_fake"]
)
def test_parts_of_words_name_nothing(name: str) -> None:
    assert named_categories(name) == ()


def test_a_name_with_two_categories_names_both() -> None:
    assert named_categories("progan_train_cat") == ("cat", "train")
    assert named_categories("LSUNCat.bus") == ("bus", "cat")


def test_names_that_come_near() -> None:
    names = ["karras2018iclr-lsun-churchoutdor-256x256.zip", "cow.zip", "notes"]
    assert near_names("church_outdoor", names) == names[:1]
    assert near_names("sheep", names) == []

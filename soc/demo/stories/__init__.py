"""All stories of the demo company: for each shipped rule one that fires it and near misses that must not."""

from soc.demo.stories.cloud import CLOUD
from soc.demo.stories.linux import LINUX
from soc.demo.stories.network import NETWORK
from soc.demo.stories.story import Outcome, Scene, Story
from soc.demo.stories.windows import WINDOWS

STORIES: tuple[Story, ...] = (*LINUX, *WINDOWS, *CLOUD, *NETWORK)

__all__ = ["STORIES", "Outcome", "Scene", "Story"]

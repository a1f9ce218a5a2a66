"""What the image files of a host are for: who names them, and which ones nobody does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from snaptui.model.doubts import Doubt, Unread, reaching
from snaptui.model.files import User
from snaptui.model.image import ImageInfo
from snaptui.storage.backing_chain import uses_by


@dataclass(frozen=True, slots=True)
class Inventory:
    """The image files of a host at one moment.

    Attributes:
        holders: by path without symbolic links, who names it.
        images: by such a path, the qcow2 images in the host's pools and, where its files are
            here, beside those that are named.
        doubts: why something may be missing in the above.
        domains: how many were asked.
        real: by path as it is named, the same without symbolic links.
        linked: images that only a symbolic link from another directory leads to: who names them
            where they are has not been looked at.
    """

    holders: Mapping[str, tuple[User, ...]]
    images: Mapping[str, ImageInfo]
    doubts: tuple[Doubt, ...]
    domains: int
    real: Mapping[str, str]
    linked: frozenset[str] = frozenset()

    def held_by(self, path: str) -> tuple[User, ...]:
        """Who names a file; nobody is an empty tuple."""
        return self.holders.get(self.real.get(path, path), ())

    def others(self, path: str, own: Collection[User], images: Iterable[str]) -> tuple[User, ...]:
        """Who names a file beside those who are known; of an image upon it also who names that.

        Args:
            own: these; what a backup of theirs writes goes with it.
            images: and what lies upon it or has its data in it.
        """
        real = [self.real.get(image, image) for image in images]
        known = {*own, *(user for image in real for user in uses_by(image))}
        return tuple(
            user if user.use is None else replace(user, tops=self._tops(user.name))
            for user in self.held_by(path)
            if user not in known and not self._ends_with(user, own)
        )

    def _ends_with(self, user: User, own: Collection[User]) -> bool:
        """Whether it is an image that a backup of one of these writes while it runs."""
        upon = self.held_by(user.name) if user.use is not None else ()
        return any(one.backup and one in own for one in upon)

    def _tops(self, image: str) -> tuple[User, ...]:
        """Who names an image or, at any height, one that lies upon it; images are left out."""
        seen, due, found = {image}, [image], dict[User, None]()
        while due:
            for user in self.held_by(due.pop()):
                if user.use is None:
                    found[user] = None
                elif user.name not in seen:
                    seen.add(user.name)
                    due.append(user.name)
        return tuple(found)

    @property
    def unused(self) -> tuple[str, ...]:
        """The images that nothing names, as far as all that is named can be resolved."""
        return tuple(
            path for path in self.images if path not in self.holders and not self.hides(path)
        )

    def doubts_about(self, paths: Collection[str]) -> tuple[Doubt, ...]:
        """Why somebody may be missing who names one of these files."""
        return reaching(self.doubts, {*paths, *(self.real.get(path, path) for path in paths)})

    def hides(self, path: str) -> bool:
        """Whether it may be a volume that somebody names, where that could not be resolved."""
        return any(one.what is Unread.VOLUME for one in self.doubts_about((path,)))

    @property
    def orphans(self) -> tuple[str, ...]:
        """Those of them that lie upon another image."""
        lies = (path for path in self.unused if self.images[path].backing is not None)
        return tuple(path for path in lies if path not in self.linked)

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Those of these that no doubt reaches: overlays that lost what they were for."""
        return tuple(path for path in self.orphans if not self.doubts_about((path,)))

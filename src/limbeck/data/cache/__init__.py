"""The teacher cache: outputs of a frozen encoder, keyed by what decides them, verified, resumable.

`build_cache` fills a folder, `open_cache` reads it as a `CachedTeacher` that stands in for a live one. A folder holds
`shards/<sha256>.safetensors` (a row's address beside its outputs; the name is the hash of the content) and, once every
row is there, `manifest.json`. Rows are found by the content of the sample, never by position, file time or size.
"""

from limbeck.data.cache.build import CacheProgress as CacheProgress
from limbeck.data.cache.build import CacheReport as CacheReport
from limbeck.data.cache.build import build_cache as build_cache
from limbeck.data.cache.cached_teacher import CachedTeacher as CachedTeacher
from limbeck.data.cache.forecast import Forecast as Forecast
from limbeck.data.cache.forecast import forecast as forecast
from limbeck.data.cache.key import CacheKey as CacheKey
from limbeck.data.cache.key import cache_key as cache_key
from limbeck.data.cache.open import open_cache as open_cache

"""What a process may do is found out before it is needed."""

import resource

from tests.bench.processes import may_open


def test_the_limit_of_open_files_is_raised_as_far_as_is_needed_and_no_further_than_it_may_be() -> None:
    _, hard = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, hard))
        assert may_open(900)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1_000, hard)
        assert may_open(1_001)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1_001, hard)
        if hard != resource.RLIM_INFINITY:
            assert not may_open(hard + 1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

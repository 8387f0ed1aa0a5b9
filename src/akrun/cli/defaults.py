"""What the settings mean to pipes."""

from akrun.model.settings import Settings
from akrun.pipes.spec import PipeDefaults


def pipe_defaults(settings: Settings) -> PipeDefaults:
    """Defaults of pipe parameters as the settings have them."""
    return PipeDefaults(
        http_timeout=settings.pipe_http_timeout,
        http_max_conn=settings.pipe_http_max_conn,
        worker_size=settings.pipe_worker_size,
        scheduler_delay=settings.pipe_scheduler_delay,
    )

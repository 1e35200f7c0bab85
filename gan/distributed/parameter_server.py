"""What a parameter server of a cluster does: hold the variables until the job is over."""

from gan.console.signals import SignalCatcher
from gan.distributed import messages
from gan.distributed.node import Node
from gan.distributed.tf_config import GLANCE, Patience, Watch, answers

_SECONDS_AFTER_SIGNAL = 15  # for the chief to save what is kept here, where all processes are asked to stop


def serve(settings, cluster):
    """Serves until the chief ends the job, stays away or a signal comes.

    Args:
        settings: a tf_config.ClusterSettings.
        cluster: a tf_config.Cluster.

    Returns:
        The exit code.

    Raises:
        UserError: the port is taken, the chief stayed away or failed.
    """
    with SignalCatcher() as signals:
        node = Node(cluster, 1, settings.chief_timeout_secs, lambda: signals.caught)
        print(f"{cluster.name} serves at {cluster.servers[cluster.index]}", flush=True)
        chief, kind = Watch(cluster, settings.chief_timeout_secs), None
        while kind is None and not signals.caught:
            kind = node.post.end(GLANCE)
            chief.check()
        if signals.caught:
            patience = Patience(_SECONDS_AFTER_SIGNAL)
            while kind is None and answers(cluster.chief) and not patience.over:
                kind = node.post.end(GLANCE)
        messages.check_end(kind)
        print(f"{cluster.name} leaves", flush=True)
        return signals.exit_code

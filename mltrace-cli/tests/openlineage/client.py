"""Reports a run with the Python client of OpenLineage: client.py TRANSPORT URL FILE"""

import sys
import uuid
from datetime import datetime, timedelta, timezone

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run, parent_run

transport, url, file = sys.argv[1:]
http = {"type": "http", "url": url}
configurations = {
    "http": http,
    "gzip": http | {"compression": "gzip"},
    "async_http": {"type": "async_http", "url": url},
    "file": {"type": "file", "log_file_path": file, "append": True},
    "composite": {
        "type": "composite",
        "continue_on_failure": False,
        "transports": {"http": http, "file": {"type": "file", "log_file_path": file, "append": True}},
    },
}
client = OpenLineageClient(config={"transport": configurations[transport]})
start = datetime(2026, 1, 31, 10, tzinfo=timezone.utc)


def report(state, run, job, minute, inputs=(), outputs=(), **facets):
    client.emit(
        RunEvent(
            eventType=state,
            eventTime=(start + timedelta(minutes=minute)).isoformat(),
            run=Run(runId=str(run), facets=facets),
            job=Job(namespace=transport, name=job),
            inputs=[InputDataset(*name) for name in inputs],
            outputs=[OutputDataset(*name) for name in outputs],
            producer="https://example.test/client",
        )
    )


raw, clean, model = ("s3://lake", "raw.csv"), ("s3://lake", f"{transport}/clean.csv"), ("s3://lake", "model.bin")
dag, cleaning, training = (uuid.uuid5(uuid.NAMESPACE_URL, f"{transport} {name}") for name in ("dag", "clean", "train"))
parent = parent_run.ParentRunFacet(run=parent_run.Run(str(dag)), job=parent_run.Job(transport, "dag"))
report(RunState.START, dag, "dag", 0)
report(RunState.START, cleaning, "dag.clean", 1, [raw], parent=parent)
report(RunState.COMPLETE, cleaning, "dag.clean", 2, [raw], [clean], parent=parent)
report(RunState.START, training, "dag.train", 3, [clean], parent=parent)
error = error_message_run.ErrorMessageRunFacet("no convergence", "python", "Traceback: line 3")
report(RunState.FAIL, training, "dag.train", 4, [clean], [model], parent=parent, errorMessage=error)
report(RunState.COMPLETE, dag, "dag", 5)
client.close()

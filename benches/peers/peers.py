"""Does in other tools what `cargo bench -- peers` does in mltrace, and prints how many nanoseconds each thing took.

    peers.py FOLDER

Each tool records a chain of runs, each of which reads what the run before it wrote, with three parameters and a metric, in
a store of its own in FOLDER: ML Metadata and MLflow in SQLite, as each sets it up itself, and OpenLineage's client in a
file of events. The answer is a JSON object: a tool, a workload, nanoseconds. What a tool has no question for is left out.
"""

import json
import os
import statistics
import subprocess
import sys
import time

RUNS = 1_000
CALLS = 200
QUESTIONS = 30
NEWEST = 20
DEEP = {"W5": 10, "W6": 50}


def typical(times, work):
    """Returns the median time of one of so many calls, after one that fills caches."""
    work(0)
    taken = []
    for number in range(1, times + 1):
        begun = time.perf_counter_ns()
        work(number)
        taken.append(time.perf_counter_ns() - begun)
    return statistics.median(taken)


def each_of(count, work):
    """Returns the time that one of so many takes."""
    begun = time.perf_counter_ns()
    for number in range(count):
        work(number)
    return (time.perf_counter_ns() - begun) / count


def name(number):
    return f"s3://bench/data/step-{number:05}.parquet"


class MlMetadata:
    """Executions, artifacts and events of ML Metadata, whose library is C++ under a thin layer of Python."""

    def __init__(self, folder):
        from ml_metadata.metadata_store import metadata_store
        from ml_metadata.proto import metadata_store_pb2 as proto

        self.proto = proto
        config = proto.ConnectionConfig()
        config.sqlite.filename_uri = os.path.join(folder, "mlmd.db")
        config.sqlite.connection_mode = 3
        self.store = metadata_store.MetadataStore(config)
        artifact = proto.ArtifactType(name="File")
        self.file = self.store.put_artifact_type(artifact)
        execution = proto.ExecutionType(name="step")
        for param in ["rate", "seed", "trees"]:
            execution.properties[param] = proto.DOUBLE
        execution.properties["loss"] = proto.DOUBLE
        self.step = self.store.put_execution_type(execution)
        self.last = self.store.put_artifacts([proto.Artifact(type_id=self.file, uri=name(0))])[0]
        self.runs = []

    def record(self, number):
        proto = self.proto
        run = proto.Execution(type_id=self.step, last_known_state=proto.Execution.COMPLETE)
        for param, value in [("rate", 0.1), ("seed", 7.0), ("trees", float(number % 10)), ("loss", 1 / (number + 1))]:
            run.properties[param].double_value = value
        read = proto.Artifact(id=self.last, type_id=self.file, uri=name(number))
        written = proto.Artifact(type_id=self.file, uri=name(number + 1))
        pairs = [
            (read, proto.Event(type=proto.Event.INPUT)),
            (written, proto.Event(type=proto.Event.OUTPUT)),
        ]
        run, artifacts, _ = self.store.put_execution(run, pairs, [])
        self.last = artifacts[1]
        self.runs.append(run)

    def newest(self, _):
        from ml_metadata.metadata_store import metadata_store

        order = metadata_store.OrderByField.CREATE_TIME
        options = metadata_store.ListOptions(limit=NEWEST, order_by=order, is_asc=False, filter_query="type = 'step'")
        assert len(self.store.get_executions(list_options=options)) == NEWEST

    def one(self, number):
        run = self.runs[number]
        [_] = self.store.get_executions_by_id([run])
        events = self.store.get_events_by_execution_ids([run])
        assert len(self.store.get_artifacts_by_id([event.artifact_id for event in events])) == 2

    def trace(self, deep):
        query = self.proto.LineageSubgraphQueryOptions(
            starting_artifacts=self.proto.LineageSubgraphQueryOptions.StartingNodes(filter_query=f"id = {self.last}"),
            max_num_hops=2 * deep,
            direction=self.proto.LineageSubgraphQueryOptions.UPSTREAM,
        )
        assert len(self.store.get_lineage_subgraph(query).executions) == deep

    def matching(self, _):
        from ml_metadata.metadata_store import metadata_store

        query = "type = 'step' AND properties.trees.double_value = 3.0 AND properties.loss.double_value < 0.5"
        assert len(self.store.get_executions(list_options=metadata_store.ListOptions(limit=NEWEST, filter_query=query))) == NEWEST

    def close(self):
        self.store = None

    def bytes(self, folder):
        return os.path.getsize(os.path.join(folder, "mlmd.db"))


class Mlflow:
    """Runs, params, metrics and dataset inputs of MLflow in its own SQLite store."""

    def __init__(self, folder):
        import logging

        logging.disable(logging.INFO)
        from mlflow import MlflowClient
        from mlflow.entities import Dataset, DatasetInput, Metric, Param

        self.entities = Dataset, DatasetInput, Metric, Param
        self.client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
        known = self.client.get_experiment_by_name("step")
        place = os.path.join(folder, "artifacts")
        self.experiment = known.experiment_id if known else self.client.create_experiment("step", artifact_location=place)
        self.runs = []

    def record(self, number):
        dataset, dataset_input, metric, param = self.entities
        run = self.client.create_run(self.experiment).info.run_id
        params = [param("rate", "0.1"), param("seed", "7"), param("trees", str(number % 10))]
        metrics = [metric("loss", 1 / (number + 1), int(time.time() * 1000), 0)]
        self.client.log_batch(run, metrics=metrics, params=params)
        read = dataset(name=name(number), digest=str(number), source_type="local", source=name(number))
        self.client.log_inputs(run, [dataset_input(dataset=read)])
        self.client.set_tag(run, "output", name(number + 1))
        self.client.set_terminated(run)
        self.runs.append(run)

    def newest(self, _):
        order = ["attributes.start_time DESC"]
        assert len(self.client.search_runs([self.experiment], max_results=NEWEST, order_by=order)) == NEWEST

    def one(self, number):
        assert self.client.get_run(self.runs[number]).data.params["seed"] == "7"

    def matching(self, _):
        wanted = "params.trees = '3' and metrics.loss < 0.5"
        assert len(self.client.search_runs([self.experiment], wanted, max_results=NEWEST)) == NEWEST

    def bytes(self, folder):
        return os.path.getsize(os.path.join(folder, "mlflow.db"))


class OpenLineage:
    """Events of OpenLineage's client in a file."""

    def __init__(self, folder):
        from openlineage.client import OpenLineageClient
        from openlineage.client import event_v2 as event
        from openlineage.client.transport.file import FileConfig, FileTransport

        self.event = event
        self.file = os.path.join(folder, "events.ndjson")
        self.client = OpenLineageClient(transport=FileTransport(FileConfig(log_file_path=self.file, append=True)))

    def record(self, number):
        from datetime import datetime, timezone

        from openlineage.client.uuid import generate_new_uuid

        event = self.event
        run, job = event.Run(runId=str(generate_new_uuid())), event.Job(namespace="bench", name="step")
        read = [event.InputDataset(namespace="s3://bench", name=name(number).removeprefix("s3://bench/"))]
        written = [event.OutputDataset(namespace="s3://bench", name=name(number + 1).removeprefix("s3://bench/"))]
        for state, outputs in [(event.RunState.START, []), (event.RunState.COMPLETE, written)]:
            at = datetime.now(timezone.utc).isoformat()
            self.client.emit(event.RunEvent(eventType=state, eventTime=at, run=run, job=job, inputs=read, outputs=outputs))


TOOLS = {"ML Metadata": MlMetadata, "MLflow": Mlflow, "OpenLineage": OpenLineage}


def measure(tool, folder):
    """Returns what each workload takes in a tool."""
    opened = TOOLS[tool](folder)
    figures = {}
    figures["W1"] = typical(CALLS, opened.record)
    if not hasattr(opened, "newest"):
        return figures
    figures["W2"] = each_of(RUNS - CALLS - 1, lambda number: opened.record(CALLS + 1 + number))
    figures["W3"] = typical(QUESTIONS, opened.newest)
    figures["W4"] = typical(QUESTIONS, opened.one)
    if hasattr(opened, "trace"):
        for workload, deep in DEEP.items():
            figures[workload] = typical(QUESTIONS, lambda _: opened.trace(deep))
    figures["W7"] = typical(QUESTIONS, opened.matching)
    figures["bytes"] = opened.bytes(folder) / RUNS
    return figures


def main():
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    if sys.argv[1] == "alone":
        # A process that records one run, for its whole time to be measured.
        TOOLS[sys.argv[2]](sys.argv[3]).record(0)
        return
    answer = {}
    for tool in TOOLS:
        folder = os.path.join(sys.argv[1], tool.replace(" ", "-").lower())
        os.makedirs(folder)
        figures = measure(tool, folder)
        process = [sys.executable, __file__, "alone", tool, folder]
        figures["W8"] = typical(3, lambda _: subprocess.run(process, check=True, capture_output=True))
        answer[tool] = figures
    print(json.dumps(answer))


main()

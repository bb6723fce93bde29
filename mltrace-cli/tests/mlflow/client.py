"""Keeps runs with the client of MLflow: client.py URI"""

import math
import os
import sys
import warnings
from pathlib import Path

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
warnings.simplefilter("ignore")

from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput
from mlflow.tracking import MlflowClient

client = MlflowClient(sys.argv[1])
experiment = client.create_experiment("rides")
commit = "0123456789abcdef0123456789abcdef01234567"
run = client.create_run(experiment, run_name="bold", tags={"mlflow.source.git.commit": commit, "team": "fares"}).info
client.log_param(run.run_id, "depth", 7)
client.log_param(run.run_id, "db_password", "hunter2hunter2")
for step, rmse in enumerate([0.5, 0.25]):
    client.log_metric(run.run_id, "rmse", rmse, step=step)
client.log_metric(run.run_id, "bad", math.nan)
client.log_metric(run.run_id, "val/top", math.inf)
dataset = Dataset("rides", "abc123", "local", '{"uri": "rides.csv"}')
client.log_inputs(run.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
Path("model.bin").write_text("a model")
client.log_artifact(run.run_id, "model.bin", "model")
model = client.create_logged_model(experiment, name="booster", source_run_id=run.run_id)
client.log_outputs(run.run_id, models=[LoggedModelOutput(model.model_id, step=1)])
client.set_terminated(run.run_id, "FINISHED")
for status in ["KILLED", "FAILED"]:
    child = client.create_run(experiment, tags={"mlflow.parentRunId": run.run_id})
    client.set_terminated(child.info.run_id, status)
client.create_run(experiment)
client.delete_run(client.create_run(experiment).info.run_id)
client.create_registered_model("fare")
version = client.create_model_version("fare", run.artifact_uri + "/model", run.run_id)
client.set_registered_model_alias("fare", "champion", version.version)
print(run.run_id)

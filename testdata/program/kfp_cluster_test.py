"""Compiled pipelines of Kubeflow on a real cluster: one pod a container task, none for all else, and the same results as here.

KFRUN_TEST_KUBECONFIG names the cluster; KFRUN_TEST_BUSYBOX an image that it can pull."""

import json

from cluster import BUSYBOX, ClusterCase, kubectl, require_cluster
from harness import TREE, main, states

CLAIMS = """\
pipelineInfo: {name: claims}
components:
  comp-make:
    executorLabel: exec-make
    inputDefinitions:
      parameters: {access_modes: {parameterType: LIST}, pvc_name_suffix: {parameterType: STRING}, size: {parameterType: STRING}}
    outputDefinitions: {parameters: {name: {parameterType: STRING}}}
  comp-remove: {executorLabel: exec-remove, inputDefinitions: {parameters: {pvc_name: {parameterType: STRING}}}}
  comp-write: {executorLabel: exec-write}
  comp-read: {executorLabel: exec-read, outputDefinitions: {parameters: {text: {parameterType: STRING}}}}
deploymentSpec:
  executors:
    exec-make: {container: {image: argostub/createpvc}}
    exec-remove: {container: {image: argostub/deletepvc}}
    exec-write: {container: {image: IMAGE, command: [sh, -c, 'echo kept > /data/file']}}
    exec-read: {container: {image: IMAGE, command: [cp, /in/file, "{{$.outputs.parameters['text'].output_file}}"]}}
root:
  dag:
    tasks:
      make:
        componentRef: {name: comp-make}
        inputs:
          parameters:
            access_modes: {runtimeValue: {constant: [ReadWriteOnce]}}
            pvc_name_suffix: {runtimeValue: {constant: -data}}
            size: {runtimeValue: {constant: 1Gi}}
      write: {componentRef: {name: comp-write}, dependentTasks: [make]}
      read: {componentRef: {name: comp-read}, dependentTasks: [write]}
      remove:
        componentRef: {name: comp-remove}
        dependentTasks: [read]
        inputs: {parameters: {pvc_name: {taskOutputParameter: {producerTask: make, outputParameterKey: name}}}}
    outputs: {parameters: {text: {valueFromParameter: {producerSubtask: read, outputParameterKey: text}}}}
  outputDefinitions: {parameters: {text: {parameterType: STRING}}}
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-write:
          pvcMount: [{mountPath: /data, pvcNameParameter: {taskOutputParameter: {producerTask: make, outputParameterKey: name}}}]
        exec-read:
          pvcMount: [{mountPath: /in, pvcNameParameter: {taskOutputParameter: {producerTask: make, outputParameterKey: name}}}]
"""


class Kubeflow(ClusterCase):
    def pods(self):
        return kubectl("get", "pods", "-n", self.namespace, "-o", "name").split()

    def test_values_artifacts_loops_and_conditions(self):
        file = self.folder / "sums.yaml"
        file.write_text((TREE / "examples/kubeflow/pipeline.yaml").read_text().replace("busybox:1.36", BUSYBOX))
        words = ("-p", "a=4", "-p", "note=well done")
        local = self.run_of(file, "--local", *words)
        run = self.run_of(file, *words, *self.here)
        self.assertEqual(states(run), states(local))
        for name in ("total", "products"):
            self.assertEqual(run["outputs"][name], local["outputs"][name])
        self.assertEqual(self.kfrun("logs", run["id"], "report", *self.here).stdout, "products=[5,10,15] --note well done\n")
        self.assertEqual(len(self.pods()), 6)
        status = json.loads(self.kfrun("logs", run["id"], "notify", *self.here).stdout)
        self.assertEqual(status["state"], "SUCCEEDED")

    def test_claims_are_made_mounted_and_removed(self):
        file = self.folder / "claims.yaml"
        file.write_text(CLAIMS.replace("IMAGE", BUSYBOX))
        run = self.run_of(file, *self.here)
        self.assertEqual(states(run), {"make": "succeeded", "write": "succeeded", "read": "succeeded", "remove": "succeeded"})
        self.assertEqual(run["outputs"], {"text": "kept\n"})
        self.assertEqual(len(self.pods()), 2)


require_cluster()
main()

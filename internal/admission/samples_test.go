package admission

import "fmt"

// A Deployment that no rule of the program objects to.
const goodDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-blue, namespace: shop, labels: {tealgate.dev/color: blue}, annotations: {tealgate.dev/deployed-by: alice}}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop, tealgate.dev/color: blue}}
  template:
    metadata: {labels: {app: shop, app.kubernetes.io/version: 1.4.0, tealgate.dev/color: blue}}
    spec:
      containers:
      - name: web
        image: registry.example:5000/shop:1.4.0
        ports: [{name: http, containerPort: 8080}]
        envFrom: [{configMapRef: {name: shop-config}}]
        readinessProbe: {httpGet: {path: /readyz, port: http}}
        lifecycle: {preStop: {sleep: {seconds: 5}}}
`

const goodService = `
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec:
  selector: {app: shop, tealgate.dev/color: blue}
  ports: [{name: http, port: 80, targetPort: http}]
`

const scale = `
apiVersion: autoscaling/v1
kind: Scale
metadata: {name: shop-blue, namespace: shop}
spec: {replicas: %d}
`

func scaled(replicas int) string { return fmt.Sprintf(scale, replicas) }

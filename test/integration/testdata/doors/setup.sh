# The applications. Blue serves; of shop the other color is not ready. ada is the developer.
set -e
sed 's/APP/shop/g; s/READY/false/' pair.yaml | kubectl apply -f - --as=ada
for app in pay old; do
  sed "s/APP/$app/g; s/READY/true/" pair.yaml | kubectl apply -f - --as=ada
done
kubectl apply -f roles.yaml --as=ada
for app in shop-blue pay-blue pay-green old-blue legacy-a legacy-b before; do
  kubectl rollout status "deployment/$app" --timeout=150s
done

package acme.a

x if input.object.spec.replicaz == 1

y if input.fact.beside > 1

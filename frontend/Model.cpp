#include "frontend/Model.h"

#include "frontend/Adapters.h"
#include "frontend/Contract.h"
#include "ir/IndexedInput.h"
#include "ir/Infer.h"
#include "ir/SizeLimit.h"
#include "ir/StepAttributes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"

namespace quern::frontend {

namespace {

/// Elaborates one model: its steps in order are those of run().
class ModelBuilder {
public:
  ModelBuilder(Program &program, Diagnostics &diagnostics, const Function &function,
               mlir::ModuleOp module)
      : diagnostics(diagnostics), model(*function.callable), module(module),
        builder(module.getContext()), elaborator(program, diagnostics, builder) {
    frame.file = function.file;
    frame.callable = &model;
    elaborator.frame = &frame;
    settingsFile.path = "--set";
  }

  bool run(const Options &options) {
    unsigned errorsBefore = diagnostics.errorCount();
    collectSymbols();
    readSettings(options);
    if (diagnostics.errorCount() == errorsBefore)
      bindDefaults();
    if (diagnostics.errorCount() == errorsBefore)
      makeFunction();
    if (diagnostics.errorCount() == errorsBefore)
      elaborateBody();
    return diagnostics.errorCount() == errorsBefore;
  }

private:
  /// A symbolic dimension of the signature: where it is first written, and its default.
  struct Symbol {
    StringRef name;
    SMRange range;
    const Expr *defaultSize = nullptr;
  };

  void collectSymbols() {
    for (const Parameter &parameter : model.parameters)
      for (const Dimension &dimension : parameter.type->dimensions) {
        const auto *name = llvm::dyn_cast_or_null<NameExpr>(dimension.size);
        if (!name || isParameter(name->name))
          continue;
        const Definition *definition = elaborator.program.find(*frame.file, name->name);
        if (definition && definition->constant)
          continue;
        Symbol *known =
            llvm::find_if(symbols, [&](const Symbol &symbol) { return symbol.name == name->name; });
        if (known == symbols.end())
          symbols.push_back({name->name, name->range, dimension.defaultSize});
        else if (!known->defaultSize)
          known->defaultSize = dimension.defaultSize;
      }
  }

  bool isParameter(StringRef name) const {
    return llvm::any_of(model.parameters, [&](const Parameter &p) {
      return !p.type->isTensor() && p.name.text == name;
    });
  }

  /// Binds what `--set` gives.
  void readSettings(const Options &options) {
    llvm::StringSet<> given;
    for (const auto &[name, text] : options.settings) {
      if (!given.insert(name).second) {
        diagnostics.report<diag::RepeatedSetting>({}, name);
        continue;
      }
      bool isSymbol =
          llvm::any_of(symbols, [&](const Symbol &symbol) { return symbol.name == name; });
      if (!isSymbol && !isParameter(name)) {
        std::vector<StringRef> known;
        for (const Symbol &symbol : symbols)
          known.push_back(symbol.name);
        for (const Parameter &parameter : model.parameters)
          if (!parameter.type->isTensor())
            known.push_back(parameter.name.text);
        std::string remedy = known.empty() ? "it has none" : "it has " + llvm::join(known, ", ");
        diagnostics.report<diag::UnknownSetting>({}, model.name.text, name, remedy);
        continue;
      }
      auto buffer = llvm::MemoryBuffer::getMemBufferCopy(text, "--set " + name);
      StringRef contents = buffer->getBuffer();
      diagnostics.sourceMgr().AddNewSourceBuffer(std::move(buffer), SMLoc());
      const Expr *expr = parseExpression(settingsFile, contents, diagnostics);
      if (!expr)
        continue;
      elaborator.buildsGraph = false;
      Value value = isSymbol ? sizeValue(expr) : elaborator.evaluate(expr);
      elaborator.buildsGraph = true;
      if (value.hasPoison())
        continue;
      auto parameter =
          llvm::find_if(model.parameters, [&](const Parameter &p) { return p.name.text == name; });
      if (!isSymbol && !elaborator.conform(frame, *parameter->type, value, expr->range,
                                           parameter->name.text, nullptr))
        continue;
      // The key outlives this loop: it is the name in the source.
      StringRef key =
          isSymbol ? llvm::find_if(symbols, [&](const Symbol &s) { return s.name == name; })->name
                   : parameter->name.text;
      frame.variables[key] = value;
    }
  }

  Value sizeValue(const Expr *expr) {
    std::optional<int64_t> size = elaborator.dimensionSize(expr);
    return size ? Value::integer(*size) : Value();
  }

  /// Gives every symbol and compile-time parameter that is not set its default.
  void bindDefaults() {
    elaborator.buildsGraph = false;
    for (const Parameter &parameter : model.parameters) {
      if (parameter.type->isTensor() || frame.variables.contains(parameter.name.text))
        continue;
      if (!parameter.defaultValue) {
        diagnostics.report<diag::UnsetParameter>(parameter.name.range, parameter.name.text);
        continue;
      }
      Value value = elaborator.evaluate(parameter.defaultValue);
      if (!value.hasPoison() &&
          elaborator.conform(frame, *parameter.type, value, parameter.defaultValue->range,
                             parameter.name.text, nullptr))
        frame.variables[parameter.name.text] = value;
    }
    for (const Symbol &symbol : symbols) {
      if (frame.variables.contains(symbol.name))
        continue;
      if (!symbol.defaultSize)
        diagnostics.report<diag::UnsetSymbol>(symbol.range, symbol.name);
      else if (Value size = sizeValue(symbol.defaultSize); !size.isPoison())
        frame.variables[symbol.name] = size;
    }
    elaborator.buildsGraph = true;
  }

  /// Whether an input or output can have that shape. Reports where not.
  bool checkOuterShape(llvm::ArrayRef<int64_t> shape, SMRange range) {
    if (static_cast<int64_t>(shape.size()) > ir::maxDimensions) {
      diagnostics.report<diag::TooManyDimensions>(range, ir::maxDimensions, ir::shapeText(shape));
      return false;
    }
    return elaborator.checkSize(shape, range, ir::maxElements);
  }

  /// The static type an input is declared to have; null after an error.
  mlir::RankedTensorType inputType(const TypeExpr &type) {
    llvm::SmallVector<int64_t> shape;
    for (const Dimension &dimension : type.dimensions) {
      if (dimension.isEllipsis()) {
        diagnostics.report<diag::OpenInput>(dimension.range);
        return nullptr;
      }
      std::optional<int64_t> size = elaborator.dimensionSize(dimension.size);
      if (!size)
        return nullptr;
      shape.push_back(*size);
    }
    mlir::Type element = elementTypeNamed(type.name, *builder.getContext());
    if (!element) {
      diagnostics.report<diag::OpenInput>(type.range);
      return nullptr;
    }
    if (!checkOuterShape(shape, type.range))
      return nullptr;
    return mlir::RankedTensorType::get(shape, element);
  }

  void makeFunction() {
    llvm::SmallVector<mlir::Type> types;
    llvm::SmallVector<mlir::Location> locations;
    llvm::SmallVector<mlir::DictionaryAttr> attributes;
    std::vector<const Parameter *> inputs;
    for (const Parameter &parameter : model.parameters) {
      if (!parameter.type->isTensor())
        continue;
      mlir::RankedTensorType type = inputType(*parameter.type);
      if (!type)
        return;
      mlir::NamedAttrList attribute;
      attribute.set(ir::names::name, builder.getStringAttr(parameter.name.text));
      if (parameter.adapter)
        if (mlir::Attribute adapter = inputAdapter(elaborator, *parameter.adapter, type))
          attribute.set(ir::names::from, adapter);
      types.push_back(type);
      locations.push_back(elaborator.location(parameter.name.range));
      attributes.push_back(attribute.getDictionary(builder.getContext()));
      inputs.push_back(&parameter);
    }
    builder.setInsertionPointToEnd(module.getBody());
    function = mlir::func::FuncOp::create(builder, elaborator.location(model.name.range),
                                          model.name.text, builder.getFunctionType(types, {}));
    function->setAttr(ir::names::model, builder.getUnitAttr());
    if (model.contract)
      if (std::optional<ContractTerms> terms = elaborateContract(elaborator, model, types)) {
        function->setAttr(ir::names::causal, terms->causal);
        function->setAttr(ir::names::axes, builder.getStrArrayAttr(llvm::map_to_vector(
                                               model.contract->axes,
                                               [](const Identifier &axis) { return axis.text; })));
        if (terms->ahead > 0)
          function->setAttr(ir::names::latency, builder.getI64IntegerAttr(terms->ahead));
        function->setLoc(mlir::FusedLoc::get(
            builder.getContext(), {function.getLoc(), elaborator.location(model.contract->range)}));
      }
    function.setAllArgAttrs(attributes);
    mlir::Block *entry = new mlir::Block();
    function.getBody().push_back(entry);
    entry->addArguments(types, locations);
    builder.setInsertionPointToStart(entry);
    for (auto [parameter, argument] : llvm::zip(inputs, entry->getArguments()))
      frame.variables[parameter->name.text] = Value::tensor(argument, parameter->name.range);
  }

  void elaborateBody() {
    elaborator.evaluateBlock(model.body, /*isValueUsed=*/false);
    if (!frame.isDone && !diagnostics.isFull()) {
      SMLoc brace = SMLoc::getFromPointer(model.body.range.End.getPointer() - 1);
      diagnostics.report<diag::MissingReturn>({brace, model.body.range.End}, model.name.text);
      return;
    }
    if (frame.result.hasPoison() || !elaborator.checkResult(frame))
      return;
    std::vector<Value> values = {frame.result};
    if (frame.result.isSequence())
      values = frame.result.elements();
    llvm::SmallVector<mlir::Value> results;
    llvm::SmallVector<mlir::DictionaryAttr> attributes;
    for (auto [index, value] : llvm::enumerate(values)) {
      if (!value.isTensor()) {
        diagnostics.report<diag::ResultNotTensor>(frame.resultRange, model.name.text,
                                                  value.describe());
        return;
      }
      if (!checkOuterShape(value.tensorType().getShape(), frame.resultRange))
        return;
      mlir::NamedAttrList attribute;
      const Result *declared = index < model.results.size() ? &model.results[index] : nullptr;
      std::string name = values.size() == 1 ? "output" : "output" + std::to_string(index);
      if (declared && !declared->name.text.empty())
        name = declared->name.text.str();
      attribute.set(ir::names::name, builder.getStringAttr(name));
      if (declared && declared->adapter)
        if (mlir::Attribute adapter =
                resultAdapter(elaborator, *declared->adapter, value.tensorType(), function, index))
          attribute.set(ir::names::as, adapter);
      results.push_back(value.asTensor().value);
      attributes.push_back(attribute.getDictionary(builder.getContext()));
    }
    if (results.empty()) {
      diagnostics.report<diag::ResultNotTensor>(frame.resultRange, model.name.text,
                                                frame.result.describe());
      return;
    }
    mlir::func::ReturnOp::create(builder, elaborator.location(frame.resultRange), results);
    llvm::SmallVector<mlir::Type> resultTypes;
    for (mlir::Value result : results)
      resultTypes.push_back(result.getType());
    function.setType(builder.getFunctionType(function.getArgumentTypes(), resultTypes));
    function.setAllResultAttrs(attributes);
    noteIndices();
  }

  /// Whoever gives an index is told which there are.
  void noteIndices() {
    for (mlir::BlockArgument input : function.getArguments())
      if (int64_t elements = ir::elementsIndexedBy(input, ir::Indices::all))
        function.setArgAttr(input.getArgNumber(), ir::names::indexes,
                            builder.getI64IntegerAttr(elements));
  }

  Diagnostics &diagnostics;
  const Callable &model;
  mlir::ModuleOp module;
  mlir::OpBuilder builder;
  Elaborator elaborator;
  Frame frame;
  SourceFile settingsFile;
  llvm::SmallVector<Symbol> symbols;
  mlir::func::FuncOp function;
};

} // namespace

bool elaborateModel(Program &program, Diagnostics &diagnostics, const Function &model,
                    const Options &options, mlir::ModuleOp module) {
  return ModelBuilder(program, diagnostics, model, module).run(options);
}

} // namespace quern::frontend
